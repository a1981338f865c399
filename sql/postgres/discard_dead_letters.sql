delete from {dead_letters} where id = any($1::int8[])
