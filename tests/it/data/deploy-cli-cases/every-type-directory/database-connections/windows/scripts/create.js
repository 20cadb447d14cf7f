function create(){}
