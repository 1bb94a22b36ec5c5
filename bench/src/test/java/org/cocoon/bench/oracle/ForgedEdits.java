package org.cocoon.bench.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.PckExtension;

/** Changes of a {@link Forgery} before it is signed, so that only their meaning can be refused. */
final class ForgedEdits {
  private static final List<String> STATUSES =
      List.of(
          "UpToDate",
          "SWHardeningNeeded",
          "ConfigurationNeeded",
          "ConfigurationAndSWHardeningNeeded",
          "OutOfDate",
          "OutOfDateConfigurationNeeded",
          "Revoked",
          "Unheard");

  /** Each with the same chance; a family that has more to change is named more often. */
  private static final List<Map.Entry<String, BiConsumer<Forgery, Random>>> EDITS =
      List.of(
          Map.entry("header", (f, r) -> flip(f.header, r.nextInt(f.header.length), r)),
          Map.entry("vendor", (f, r) -> flip(f.header, Forgery.VENDOR_AT + r.nextInt(16), r)),
          Map.entry("body svn", (f, r) -> f.body[r.nextInt(4)] = (byte) r.nextInt(9)),
          Map.entry("module svn", (f, r) -> f.body[0] = (byte) r.nextInt(9)),
          Map.entry("module version", (f, r) -> f.body[1] = (byte) r.nextInt(3)),
          Map.entry("present svn", ForgedEdits::presentSvn),
          Map.entry("tdAttributes", (f, r) -> flipBit(f.body, 120 + r.nextInt(8), r)),
          Map.entry("xfam", (f, r) -> flipBit(f.body, 128 + r.nextInt(8), r)),
          Map.entry("seam", (f, r) -> flip(f.body, 16 + r.nextInt(104), r)),
          Map.entry("body", (f, r) -> flip(f.body, r.nextInt(f.body.length), r)),
          Map.entry("qe report", (f, r) -> flip(f.qeReport, r.nextInt(320), r)),
          Map.entry("qe attributes", (f, r) -> flipBit(f.qeReport, 48 + r.nextInt(16), r)),
          Map.entry("qe svn", (f, r) -> f.qeReport[258] = (byte) r.nextInt(7)),
          Map.entry("qe report data", (f, r) -> flip(f.qeReport, 320 + r.nextInt(64), r)),
          Map.entry("auth data", (f, r) -> f.authData = bytes(r, r.nextInt(80))),
          Map.entry("component", (f, r) -> f.components.set(r.nextInt(16), r.nextInt(9))),
          Map.entry("pce svn", (f, r) -> f.pceSvn = r.nextInt(20)),
          Map.entry("pce id", (f, r) -> f.pceId = "0%d00".formatted(r.nextInt(10))),
          Map.entry("no sgx extension", (f, r) -> f.sgxExtension = false),
          Map.entry("two sgx extensions", (f, r) -> f.pck.extensions.add(sgx())),
          Map.entry("chain order", ForgedEdits::chainOrder),
          Map.entry("certificate", ForgedEdits::certificate),
          Map.entry("certificate", ForgedEdits::certificate),
          Map.entry("list", ForgedEdits::list),
          Map.entry("list", ForgedEdits::list),
          Map.entry("revoked", ForgedEdits::revoked),
          Map.entry("revoked", ForgedEdits::revoked),
          Map.entry("tcb info", (f, r) -> document(f.tcbInfo, r)),
          Map.entry("tcb info", (f, r) -> document(f.tcbInfo, r)),
          Map.entry("tcb info", (f, r) -> document(f.tcbInfo, r)),
          Map.entry("tcb info", (f, r) -> document(f.tcbInfo, r)),
          Map.entry("tcb levels", (f, r) -> shuffle((ArrayNode) f.tcbInfo.get("tcbLevels"), r)),
          Map.entry("tcb status", (f, r) -> status(f.tcbInfo, r)),
          Map.entry("qe identity", (f, r) -> document(f.qeIdentity, r)),
          Map.entry("qe identity", (f, r) -> document(f.qeIdentity, r)),
          Map.entry("qe status", (f, r) -> status(f.qeIdentity, r)));

  private ForgedEdits() {}

  /** Changes it once, twice or three times, and says what. */
  static String apply(Forgery forgery, Random random) {
    StringBuilder names = new StringBuilder();
    for (int edits = 1 + Math.max(0, random.nextInt(6) - 3); edits > 0; edits--) {
      Map.Entry<String, BiConsumer<Forgery, Random>> edit = EDITS.get(random.nextInt(EDITS.size()));
      edit.getValue().accept(forgery, random);
      names.append(names.isEmpty() ? "" : " + ").append(edit.getKey());
    }
    return names.toString();
  }

  private static void presentSvn(Forgery forgery, Random random) {
    if (forgery.body.length > 584) {
      forgery.body[random.nextInt(3)] = (byte) random.nextInt(9);
      forgery.body[584 + random.nextInt(3)] = (byte) random.nextInt(9);
    }
  }

  private static void chainOrder(Forgery forgery, Random random) {
    switch (random.nextInt(4)) {
      case 0 -> Collections.shuffle(forgery.chainOrder, random);
      case 1 -> forgery.chainOrder.add(random.nextInt(3));
      case 2 -> forgery.chainOrder.removeLast();
      default -> forgery.chainOrder.set(random.nextInt(3), random.nextInt(3));
    }
  }

  private static void certificate(Forgery forgery, Random random) {
    Forgery.Certificate certificate =
        List.of(forgery.ca, forgery.pck, forgery.signer).get(random.nextInt(3));
    switch (random.nextInt(7)) {
      case 0 -> certificate.until = Forgery.NOW.minusSeconds(random.nextInt(100) - 50);
      case 1 -> certificate.from = Forgery.NOW.plusSeconds(random.nextInt(100) - 50);
      case 2 -> certificate.signer = Forgery.KEYS.stranger.getPrivate();
      case 3 -> certificate.issuer = "Forged Other CA";
      case 4 -> certificate.extensions = new ArrayList<>(Forgery.ca(random.nextInt(2)));
      case 5 -> certificate.extensions = new ArrayList<>(Forgery.leaf());
      default -> certificate.extensions.remove(random.nextInt(certificate.extensions.size()));
    }
  }

  private static void list(Forgery forgery, Random random) {
    Forgery.RevocationList list = random.nextBoolean() ? forgery.rootCrl : forgery.pckCrl;
    switch (random.nextInt(4)) {
      case 0 -> list.until = Forgery.NOW.minusSeconds(random.nextInt(100) - 50);
      case 1 -> list.from = Forgery.NOW.plusSeconds(random.nextInt(100) - 50);
      case 2 -> list.signer = Forgery.KEYS.stranger.getPrivate();
      default -> list.issuer = "Forged Other CA";
    }
  }

  private static void revoked(Forgery forgery, Random random) {
    Forgery.Keys keys = Forgery.KEYS;
    KeyPair whose =
        List.of(keys.ca, keys.pck, keys.signer, keys.stranger, keys.root).get(random.nextInt(5));
    Forgery.RevocationList list = whose == keys.pck ? forgery.pckCrl : forgery.rootCrl;
    list.revoked.add(BigInteger.valueOf(random.nextInt(1000)));
    list.revoked.add(Forgery.serialOf(whose));
  }

  private static void document(ObjectNode document, Random random) {
    List<Runnable> changes = new ArrayList<>();
    collect(document, random, changes);
    changes.get(random.nextInt(changes.size())).run();
  }

  /** One change for each value in the tree. */
  private static void collect(ObjectNode object, Random random, List<Runnable> changes) {
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      String name = field.getKey();
      JsonNode value = field.getValue();
      changes.add(() -> change(object, name, value, random));
      if (value instanceof ObjectNode inner) {
        collect(inner, random, changes);
      } else if (value instanceof ArrayNode row) {
        row.forEach(
            element -> {
              if (element instanceof ObjectNode inner) {
                collect(inner, random, changes);
              }
            });
      }
    }
  }

  private static void change(ObjectNode parent, String name, JsonNode value, Random random) {
    if (random.nextInt(12) == 0) {
      parent.remove(name);
    } else if (value.isInt()) {
      int[] others = {value.asInt() + 1, value.asInt() - 1, 0, 255, 70_000, -1};
      parent.put(name, others[random.nextInt(others.length)]);
    } else if (value instanceof ArrayNode row && !row.isEmpty()) {
      row.remove(random.nextInt(row.size()));
    } else if (name.endsWith("Date") || name.equals("nextUpdate")) {
      Instant time = Forgery.NOW.plus(Duration.ofHours(random.nextInt(49) - 24));
      parent.put(
          name, random.nextInt(8) == 0 ? time.toString().replace("Z", "+01:00") : time.toString());
    } else if (name.equals("tcbStatus")) {
      parent.put(name, STATUSES.get(random.nextInt(STATUSES.size())));
    } else if (value.isTextual()) {
      StringBuilder text = new StringBuilder(value.asText());
      text.setCharAt(random.nextInt(text.length()), "01fFxQ_".charAt(random.nextInt(7)));
      parent.put(name, text.toString());
    } else {
      parent.put("unheard", 1);
    }
  }

  private static void status(ObjectNode document, Random random) {
    ArrayNode levels = (ArrayNode) document.get("tcbLevels");
    if (levels != null && levels.get(0) instanceof ObjectNode level) {
      level.put("tcbStatus", STATUSES.get(random.nextInt(STATUSES.size())));
    }
  }

  private static void shuffle(ArrayNode array, Random random) {
    List<JsonNode> nodes = new ArrayList<>();
    array.forEach(nodes::add);
    Collections.shuffle(nodes, random);
    array.removeAll().addAll(nodes);
  }

  private static Extension sgx() {
    byte[] value = new PckExtension(Documents.COMPONENTS, 99, "0000", Documents.FMSPC).toDer();
    return new Extension(Der.oid(PckExtension.OID), false, value);
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static void flip(byte[] bytes, int at, Random random) {
    bytes[at] ^= (byte) (1 + random.nextInt(255));
  }

  private static void flipBit(byte[] bytes, int at, Random random) {
    bytes[at] ^= (byte) (1 << random.nextInt(8));
  }
}
