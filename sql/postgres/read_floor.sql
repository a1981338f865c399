select floor from {floors} where target = $1::text
