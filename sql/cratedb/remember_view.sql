update {registry} set view_sql = $2 where target = $1
