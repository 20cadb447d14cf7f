mod deploy_cli;
mod loader_oracle;
