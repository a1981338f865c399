package rowtide.sources;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.format.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;

/**
 * Reads a database's changes with Debezium and appends them to a file: for each record a line with a JSON array of
 * two texts, the message's key and its value, each as Debezium's JSON converter wrote it, or null.
 *
 * <p>What is in the file counts as delivered, and its position is committed, unless the file {@code hold} exists.
 * Arguments: the file with Debezium's properties, the file to write, the file {@code hold}.
 */
public final class Capture {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Capture() {}

    public static void main(String[] arguments) throws IOException {
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(arguments[0]))) {
            properties.load(reader);
        }
        Path hold = Path.of(arguments[2]);
        try (OutputStream file = Files.newOutputStream(Path.of(arguments[1]));
                DebeziumEngine<ChangeEvent<String, String>> engine =
                        DebeziumEngine.create(Json.class)
                                .using(properties)
                                .using((count, time) -> Files.notExists(hold))
                                .using((success, message, error) -> ended(message, error))
                                .notifying((records, committer) -> write(file, records, committer))
                                .build()) {
            engine.run();
        }
    }

    /** One write for a batch: only a process that is killed meanwhile leaves half a line. */
    private static void write(
            OutputStream file,
            List<ChangeEvent<String, String>> records,
            RecordCommitter<ChangeEvent<String, String>> committer)
            throws InterruptedException {
        try {
            ByteArrayOutputStream lines = new ByteArrayOutputStream();
            for (ChangeEvent<String, String> change : records) {
                lines.write(JSON.writeValueAsBytes(Arrays.asList(change.key(), change.value())));
                lines.write('\n');
            }
            lines.writeTo(file);
            file.flush();
        } catch (IOException error) {
            throw new IllegalStateException("The file cannot be written.", error);
        }
        for (ChangeEvent<String, String> change : records) {
            committer.markProcessed(change);
        }
        committer.markBatchFinished();
    }

    /** Nobody stops the engine but a signal, so an end is a failure. */
    private static void ended(String message, Throwable error) {
        System.err.println("The engine ended: " + message);
        if (error != null) {
            error.printStackTrace();
        }
        Runtime.getRuntime().halt(1);
    }
}
