package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HexFormat;
import java.util.List;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/**
 * What Intel publishes about a platform, as it was fetched and before anything in it is believed.
 *
 * <p>The fields are those of dcap-qvl's {@code QuoteCollateralV3}, which is the JSON form in files:
 * chains and signed texts are strings, lists and signatures are in hexadecimal. The arrays are this
 * value's own and must not be changed.
 *
 * @param pckCrlIssuerChain PEM: who signed the PCK revocation list, then the root
 * @param rootCaCrl DER: the root's revocation list
 * @param pckCrl DER: the revocation list of the Platform or Processor CA
 * @param tcbInfoIssuerChain PEM: who signed the TCB info, then the root
 * @param tcbInfo the signed JSON text, byte for byte
 * @param tcbInfoSignature r and s, big-endian, 64 bytes
 * @param qeIdentityIssuerChain PEM: who signed the identity of the quoting enclave, then the root
 * @param qeIdentity the signed JSON text, byte for byte
 * @param qeIdentitySignature r and s, big-endian, 64 bytes
 */
public record Collateral(
    String pckCrlIssuerChain,
    byte[] rootCaCrl,
    byte[] pckCrl,
    String tcbInfoIssuerChain,
    String tcbInfo,
    byte[] tcbInfoSignature,
    String qeIdentityIssuerChain,
    String qeIdentity,
    byte[] qeIdentitySignature) {

  /** Longest JSON form that is read, in bytes; real ones have about 20,000. */
  public static final int MAX_BYTES = 4 * 1024 * 1024;

  private static final String PCK_CRL_ISSUER_CHAIN = "pck_crl_issuer_chain";
  private static final String ROOT_CA_CRL = "root_ca_crl";
  private static final String PCK_CRL = "pck_crl";
  private static final String TCB_INFO_ISSUER_CHAIN = "tcb_info_issuer_chain";
  private static final String TCB_INFO = "tcb_info";
  private static final String TCB_INFO_SIGNATURE = "tcb_info_signature";
  private static final String QE_IDENTITY_ISSUER_CHAIN = "qe_identity_issuer_chain";
  private static final String QE_IDENTITY = "qe_identity";
  private static final String QE_IDENTITY_SIGNATURE = "qe_identity_signature";

  /** Written by later versions of dcap-qvl; the chain in the quote is the one that counts. */
  private static final String PCK_CERTIFICATE_CHAIN = "pck_certificate_chain";

  private static final List<String> KEYS =
      List.of(
          PCK_CRL_ISSUER_CHAIN,
          ROOT_CA_CRL,
          PCK_CRL,
          TCB_INFO_ISSUER_CHAIN,
          TCB_INFO,
          TCB_INFO_SIGNATURE,
          QE_IDENTITY_ISSUER_CHAIN,
          QE_IDENTITY,
          QE_IDENTITY_SIGNATURE,
          PCK_CERTIFICATE_CHAIN);

  /**
   * Reads the JSON form.
   *
   * @param json at most {@link #MAX_BYTES}
   * @throws JsonException in a sentence that names the key and what would be right
   */
  public static Collateral parse(byte[] json) throws JsonException {
    JsonObject object = Json.parse(json, MAX_BYTES);
    object.requireOnly(KEYS);
    return new Collateral(
        object.text(PCK_CRL_ISSUER_CHAIN),
        hex(object, ROOT_CA_CRL),
        hex(object, PCK_CRL),
        object.text(TCB_INFO_ISSUER_CHAIN),
        object.text(TCB_INFO),
        hex(object, TCB_INFO_SIGNATURE),
        object.text(QE_IDENTITY_ISSUER_CHAIN),
        object.text(QE_IDENTITY),
        hex(object, QE_IDENTITY_SIGNATURE));
  }

  /** The JSON form, on one line, which {@link #parse} reads. */
  public byte[] toJson() {
    StringBuilder out = new StringBuilder("{");
    member(out, PCK_CRL_ISSUER_CHAIN, pckCrlIssuerChain).append(',');
    member(out, ROOT_CA_CRL, hex(rootCaCrl)).append(',');
    member(out, PCK_CRL, hex(pckCrl)).append(',');
    member(out, TCB_INFO_ISSUER_CHAIN, tcbInfoIssuerChain).append(',');
    member(out, TCB_INFO, tcbInfo).append(',');
    member(out, TCB_INFO_SIGNATURE, hex(tcbInfoSignature)).append(',');
    member(out, QE_IDENTITY_ISSUER_CHAIN, qeIdentityIssuerChain).append(',');
    member(out, QE_IDENTITY, qeIdentity).append(',');
    member(out, QE_IDENTITY_SIGNATURE, hex(qeIdentitySignature)).append('}');
    return out.toString().getBytes(UTF_8);
  }

  /** Names the content: SHA-256 of {@link #toJson()}, 32 bytes. */
  public byte[] digest() {
    return Digests.sha256(toJson());
  }

  private static byte[] hex(JsonObject object, String key) throws JsonException {
    try {
      return HexFormat.of().parseHex(object.text(key));
    } catch (IllegalArgumentException e) {
      throw new JsonException("key '" + object.pathOf(key) + "' must be hexadecimal");
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static StringBuilder member(StringBuilder out, String key, String value) {
    return out.append(Json.quote(key)).append(':').append(Json.quote(value));
  }
}
