select key, version, changed_at from {storage} where key = $1
