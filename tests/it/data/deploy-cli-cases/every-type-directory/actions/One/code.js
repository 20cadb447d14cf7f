exports.onExecutePostLogin = async () => '##LIST##';
