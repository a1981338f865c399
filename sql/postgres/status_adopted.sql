select count(*) from {storage}
