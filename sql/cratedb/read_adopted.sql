select pk, data, {aux}, {version}, {is_deleted}, _seq_no, _primary_term from {storage} where {key}
