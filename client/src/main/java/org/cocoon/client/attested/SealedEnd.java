package org.cocoon.client.attested;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.cocoon.link.wire.FinishReason;

/**
 * How an answer ended.
 *
 * @param finish why, as the router says
 * @param usage the router's usage object, with cost and receipt
 * @param tokens that were opened
 * @param stop the stop string that matched, as the worker says; empty if none did
 * @param warning where the router billed another number of tokens than came
 */
public record SealedEnd(
    FinishReason finish, JsonNode usage, long tokens, String stop, Optional<String> warning) {}
