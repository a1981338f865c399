select "table", key_names, columns, said_at from {schemas}
