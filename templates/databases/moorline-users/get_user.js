async function getByEmail(email, callback) {
  const answer = await fetch(`${configuration.LEGACY_URL}/users/${encodeURIComponent(email)}`, {
    headers: { 'x-api-key': configuration.LEGACY_KEY },
  });
  if (answer.status === 404) {
    return callback(null);
  }
  if (!answer.ok) {
    return callback(new Error(`legacy system answered ${answer.status}`));
  }
  const user = await answer.json();
  return callback(null, { user_id: user.number, email: user.email, email_verified: true, name: user.name });
}
