delete from {state} where job = $1 and key = $2
