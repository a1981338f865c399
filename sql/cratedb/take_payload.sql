update {dead_letters} set payload = $2 where id = $1
