//! A project's files -> Documents: read, rendered for one tenant, merged, companion files in place.
