update {floors} set source_identity = $2::text where target = $1::text
