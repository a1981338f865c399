extract(epoch from {column})
