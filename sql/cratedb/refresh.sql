refresh table {table}
