function change() {}
