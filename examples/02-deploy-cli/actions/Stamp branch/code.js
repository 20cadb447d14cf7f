/** Says in the token which branch a reader signed in at. */
exports.onExecutePostLogin = async (event, api) => {
  api.accessToken.setCustomClaim('##LIBRARY_URL##/branch', '##BRANCH##');
};
