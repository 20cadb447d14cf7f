function login(){ return '##NESTED##'; }
