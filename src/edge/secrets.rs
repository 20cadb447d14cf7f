//! Values of secrets: environment, files, commands.
