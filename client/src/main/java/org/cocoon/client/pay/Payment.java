package org.cocoon.client.pay;

import java.nio.file.Path;
import org.cocoon.contracts.NanoTon;

/**
 * How a program pays for its requests: by vouchers that it signs as it goes.
 *
 * @param voucherKey file of the channel's voucher key (Ed25519, PEM, mode 0600); the book of
 *     vouchers is kept beside it
 * @param budget the most that may be promised over the channel's life
 */
public record Payment(Path voucherKey, NanoTon budget) {}
