package org.cocoon.link.evidence.collateral;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.Map;
import org.cocoon.link.evidence.Collateral;

/**
 * Collateral in one file: the JSON form of dcap-qvl's {@code QuoteCollateralV3}.
 *
 * <p>Nine strings: chains and signed texts as they are, signatures and revocation lists in
 * hexadecimal digits. Other members are passed over, as newer tools add some.
 */
public final class CollateralFile {
  /** Longest file that is read, in bytes; real ones have about 20,000. */
  public static final int MAX_BYTES = 2 * 1024 * 1024;

  private CollateralFile() {}

  /**
   * Reads a file.
   *
   * @throws IOException a sentence that names the file and what is wrong with it
   */
  public static Collateral load(Path file) throws IOException {
    byte[] bytes = readBounded(file, MAX_BYTES);
    try {
      return parse(bytes);
    } catch (IOException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads the JSON form.
   *
   * @throws IOException a sentence that names the member and what is wrong with it
   */
  public static Collateral parse(byte[] json) throws IOException {
    Map<String, String> members = JsonMembers.of(strictUtf8(json));
    return new Collateral(
        JsonMembers.text(members, "pck_crl_issuer_chain"),
        SignedText.bytes(JsonMembers.text(members, "root_ca_crl"), "root_ca_crl"),
        SignedText.bytes(JsonMembers.text(members, "pck_crl"), "pck_crl"),
        JsonMembers.text(members, "tcb_info_issuer_chain"),
        JsonMembers.text(members, "tcb_info"),
        signature(members, "tcb_info_signature"),
        JsonMembers.text(members, "qe_identity_issuer_chain"),
        JsonMembers.text(members, "qe_identity"),
        signature(members, "qe_identity_signature"));
  }

  /** The JSON form that {@link #parse} reads. */
  public static String toJson(Collateral collateral) {
    HexFormat hex = HexFormat.of();
    StringBuilder json = new StringBuilder("{\n");
    member(json, "pck_crl_issuer_chain", collateral.pckCrlIssuerChain()).append(",\n");
    member(json, "root_ca_crl", hex.formatHex(collateral.rootCaCrl())).append(",\n");
    member(json, "pck_crl", hex.formatHex(collateral.pckCrl())).append(",\n");
    member(json, "tcb_info_issuer_chain", collateral.tcbInfoIssuerChain()).append(",\n");
    member(json, "tcb_info", collateral.tcbInfo()).append(",\n");
    member(json, "tcb_info_signature", hex.formatHex(collateral.tcbInfoSignature())).append(",\n");
    member(json, "qe_identity_issuer_chain", collateral.qeIdentityIssuerChain()).append(",\n");
    member(json, "qe_identity", collateral.qeIdentity()).append(",\n");
    member(json, "qe_identity_signature", hex.formatHex(collateral.qeIdentitySignature()));
    return json.append("\n}\n").toString();
  }

  /** Writes a file in one step: a reader sees the old one or the new one. */
  static void write(Collateral collateral, Path file) throws IOException {
    Path whole = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(whole, toJson(collateral));
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** All bytes of a file that may grow while it is read. */
  static byte[] readBounded(Path file, int maxBytes) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new IOException(file + ": has more than " + maxBytes + " bytes");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": there is no such file", e);
    }
  }

  /** Signatures cover bytes, so a text that is not clean UTF-8 must not be mended. */
  static String strictUtf8(byte[] bytes) throws IOException {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("it is not UTF-8 text", e);
    }
  }

  private static byte[] signature(Map<String, String> members, String name) throws IOException {
    return SignedText.signature(JsonMembers.text(members, name), name);
  }

  private static StringBuilder member(StringBuilder json, String name, String text) {
    return json.append("  \"").append(name).append("\": ").append(JsonMembers.quote(text));
  }
}
