select key, pk, data, aux, deleted, version from {storage} where key = any($1)
