package org.cocoon.link.tls;

/**
 * A peer whose certificate or evidence was refused; worth one log line.
 *
 * @param peer its address if TLS knows it, otherwise empty
 * @param reason a constant's name, for example IMAGE_NOT_ALLOWED; see {@link PeerVerdict.Refused}
 * @param detail what was found and what would be right
 */
public record Refusal(String peer, String reason, String detail) {}
