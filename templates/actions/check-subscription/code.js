const { request } = require('undici');

/** Lets nobody in for a harbour whose subscription has ended. */
exports.onExecutePostLogin = async (event, api) => {
  if (!event.organization) {
    return;
  }
  const customer = event.organization.metadata.customer_number;
  const { statusCode, body } = await request(`https://billing.moorline.example/customers/${customer}`, {
    headers: { authorization: `Bearer ${event.secrets.BILLING_KEY}` },
  });
  if (statusCode === 404) {
    return api.access.deny('This harbour has no subscription.');
  }
  const { state } = await body.json();
  if (state === 'ended') {
    api.access.deny('The subscription of this harbour has ended.');
  }
};
