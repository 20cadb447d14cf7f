const domains = new Set(require('disposable-email-domains'));

/** A harbour's staff have addresses that last. */
exports.onExecutePreUserRegistration = async (event, api) => {
  const domain = (event.user.email || '').split('@').pop().toLowerCase();
  if (domains.has(domain)) {
    api.access.deny('disposable_mail', 'Please use the address that your harbour gave you.');
  }
};
