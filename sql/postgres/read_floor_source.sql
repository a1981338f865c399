select floor, source_identity from {floors} where target = $1::text
