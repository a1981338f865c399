delete from {storage} where version < $1::text collate "C"
