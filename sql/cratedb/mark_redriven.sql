update {dead_letters} set redriven_at = $2 where id = $1
