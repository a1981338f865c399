update {registry} set source_identity = $2, key_types = $3 where target = $1 and coalesce(source_identity, '') = $4
