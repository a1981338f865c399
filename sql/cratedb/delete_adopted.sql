delete from {storage} where {key}
