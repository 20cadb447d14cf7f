function get(){ return @@OBJECT@@; }
