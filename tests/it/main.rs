
mod northwind;
