//! A tenant in memory: answers as the Management API does, from the catalogue and its quirks.
