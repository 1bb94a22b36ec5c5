package org.cocoon.router.ledger;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.UUID;
import org.cocoon.router.ledger.Books.Position;
import org.cocoon.router.ledger.SpoolFolder.Identity;
import org.jspecify.annotations.Nullable;

/**
 * A router's spool and the database that it is applied to, after both have been compared.
 *
 * <p>Each knows how far the other was. What they say is one of:
 *
 * <pre>
 *   folder                        database knows                 then
 *   empty                         no spool, or a clean one       a new spool
 *   empty                         one that is not clean          refused: charges are elsewhere
 *   of another router, database   -                              refused
 *   of this router                another spool                  refused
 *   applied up to A, ends at E    no spool, or applied below A   refused: restored from a backup
 *   applied up to A, ends at E    applied beyond E               refused: the folder was set back
 *   applied up to A, ends at E    applied A to E                 the rest is applied
 * </pre>
 *
 * @param folder lock, identity and applied position
 * @param log its frames
 * @param identity whose
 * @param applied up to where the database is
 */
record Spool(SpoolFolder folder, SpoolLog log, Identity identity, long applied) {

  /**
   * Opens a router's spool, or makes it. Blocks.
   *
   * @throws LedgerException a sentence that says why not, and what to do
   */
  static Spool open(LedgerOptions options, Books books) throws IOException, SQLException {
    UUID database = books.databaseId();
    Position stored = books.position();
    SpoolFolder folder = SpoolFolder.open(options.spool());
    try {
      Identity identity = folder.identity();
      if (identity == null) {
        if (stored != null && !stored.clean()) {
          throw lost(options, stored);
        }
        identity = new Identity(UUID.randomUUID(), options.routerId(), database);
        folder.become(identity);
      }
      checkOwner(options, identity, database);
      SpoolLog log = SpoolLog.open(folder.path(), SpoolLog.SEGMENT_BYTES, folder.applied());
      try {
        long applied = compare(options, identity, stored, folder.applied(), log);
        books.adopt(identity, applied);
        return new Spool(folder, log, identity, applied);
      } catch (SQLException | RuntimeException e) {
        log.close();
        throw e;
      }
    } catch (IOException | SQLException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  private static void checkOwner(LedgerOptions options, Identity identity, UUID database) {
    if (!identity.router().equals(options.routerId())) {
      throw new LedgerException(
          "the spool in %s belongs to router '%s': give router '%s' a folder of its own"
              .formatted(options.spool(), identity.router(), options.routerId()));
    }
    if (!identity.database().equals(database)) {
      throw new LedgerException(
          "the spool in %s belongs to another database than %s: use that one, or give this router"
                  .formatted(options.spool(), options.database())
              + " another folder");
    }
  }

  private static long compare(
      LedgerOptions options,
      Identity identity,
      @Nullable Position stored,
      long acknowledged,
      SpoolLog log) {
    boolean fresh = log.end() == 0 && acknowledged == 0;
    if (stored == null || !stored.spool().equals(identity.spool())) {
      if (fresh && (stored == null || stored.clean())) {
        return 0;
      }
      throw stored == null ? setBack(options, 0, acknowledged) : lost(options, stored);
    }
    if (stored.applied() < acknowledged || stored.applied() < log.start()) {
      throw setBack(options, stored.applied(), Math.max(acknowledged, log.start()));
    }
    if (stored.applied() > log.end()) {
      throw new LedgerException(
          ("the spool in %s is older than the database: it ends at %d, and %d is applied. A copy of"
                  + " the folder was put back? Use the newest one; if it is lost, %s")
              .formatted(options.spool(), log.end(), stored.applied(), giveUp(options.spool())));
    }
    return stored.applied();
  }

  /** The database does not have what it had confirmed. */
  static LedgerException setBack(LedgerOptions options, long stored, long acknowledged) {
    return new LedgerException(
        ("%s was restored from an old backup: of the spool in %s it has applied the bytes up to %d,"
                + " and had confirmed those up to %d. Restore a newer state of the database; if"
                + " there is none, the charges in between are lost: then %s")
            .formatted(
                options.database(),
                options.spool(),
                stored,
                acknowledged,
                giveUp(options.spool())));
  }

  private static LedgerException lost(LedgerOptions options, Position stored) {
    return new LedgerException(
        ("router '%s' keeps its charges in another spool (%s), and some may not be in the database"
                + " yet: start it with that folder, not with %s; if it is lost, %s")
            .formatted(
                options.routerId(), stored.spool(), options.spool(), giveUp(options.spool())));
  }

  private static String giveUp(Path folder) {
    return ("move %s away and run 'cocoon ledger abandon-spool' for this router, which gives up what"
            + " only the spool knows")
        .formatted(folder);
  }
}
