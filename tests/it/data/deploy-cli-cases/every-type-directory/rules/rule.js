function rule(user, context, cb) { cb(); }
