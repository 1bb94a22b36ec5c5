package org.cocoon.router.fleet;

import java.time.Instant;
import java.util.List;

/**
 * Who a worker is, as its evidence and its hello said.
 *
 * @param id fingerprint of its link key, hex
 * @param name its own, for people
 * @param imageHash of its measured image, hex
 * @param attestedAt when its evidence was verified
 * @param software version, for people
 * @param simulated what is simulated there
 * @param certificate its link certificate with the evidence in it, base64 of the DER
 * @param payout TON address of its earnings, "0:" and hexadecimal digits; empty: nobody is paid
 */
public record WorkerIdentity(
    String id,
    String name,
    String imageHash,
    Instant attestedAt,
    String software,
    List<String> simulated,
    String certificate,
    String payout) {}
