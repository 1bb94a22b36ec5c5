package org.cocoon.router.edge;

import java.time.InstantSource;
import org.cocoon.router.ledger.AccountBook;
import org.cocoon.router.settlement.Settlement;

/**
 * What the edge needs to speak about money.
 *
 * @param book of all accounts
 * @param settlement on a chain, or none
 * @param places where clients find that chain
 * @param clock of statements' times
 */
public record Money(
    AccountBook book, Settlement settlement, ChainPlaces places, InstantSource clock) {}
