extract(epoch from {column})::numeric + extract(month from {column})::numeric * 37800
