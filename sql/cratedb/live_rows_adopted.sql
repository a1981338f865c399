select pk, data, {aux} from {storage}{live}
order by {key}{limit}
