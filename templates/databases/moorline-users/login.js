async function login(email, password, callback) {
  const answer = await fetch(`${configuration.LEGACY_URL}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': configuration.LEGACY_KEY },
    body: JSON.stringify({ email, password }),
  });
  if (answer.status === 401) {
    return callback(new WrongUsernameOrPasswordError(email));
  }
  if (!answer.ok) {
    return callback(new Error(`legacy system answered ${answer.status}`));
  }
  const user = await answer.json();
  return callback(null, { user_id: user.number, email: user.email, email_verified: true, name: user.name });
}
