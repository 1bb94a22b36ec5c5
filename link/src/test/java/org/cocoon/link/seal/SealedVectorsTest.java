package org.cocoon.link.seal;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.bouncycastle.math.ec.rfc7748.X25519;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.SealedPrompt;
import org.junit.jupiter.api.Test;

/** What the format is to the bit: changing it takes another version, and this test. */
final class SealedVectorsTest {
  private static final HexFormat HEX = HexFormat.of();

  // RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode.
  private static final byte[] INFO = HEX.parseHex("4f6465206f6e2061204772656369616e2055726e");
  private static final byte[] SEED =
      HEX.parseHex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037");
  private static final byte[] SECRET =
      HEX.parseHex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
  private static final byte[] POINT =
      HEX.parseHex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
  private static final byte[] ENCAPSULATED =
      HEX.parseHex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
  private static final byte[] CIPHERTEXT =
      HEX.parseHex(
          "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a");
  private static final byte[] PLAINTEXT = "Beauty is truth, truth beauty".getBytes(US_ASCII);
  private static final byte[] COUNT_0 = "Count-0".getBytes(US_ASCII);

  @Test
  void theLibraryAndTheReferenceReadTheVectorOfRfc9180() throws Exception {
    HPKE hpke =
        new HPKE(
            HPKE.mode_base, HPKE.kem_X25519_SHA256, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM128);
    AsymmetricCipherKeyPair pair = hpke.deriveKeyPair(SEED);
    assertArrayEquals(POINT, hpke.serializePublicKey(pair.getPublic()));
    HPKEContext library = hpke.setupBaseR(ENCAPSULATED, pair, INFO);
    ReferenceFormat reference = new ReferenceFormat(1, SECRET, POINT, ENCAPSULATED, INFO);
    assertArrayEquals(PLAINTEXT, library.open(COUNT_0, CIPHERTEXT));
    assertArrayEquals(PLAINTEXT, reference.open(COUNT_0, CIPHERTEXT));
    String exported = "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee";
    assertEquals(exported, HEX.formatHex(library.export(new byte[0], 32)));
    assertEquals(exported, HEX.formatHex(reference.export("")));
  }

  @Test
  void theReferenceReadsWhatIsSealedHere() throws Exception {
    FixedRandom random = new FixedRandom(7);
    byte[] secret = new byte[32];
    X25519.generatePrivateKey(random, secret);
    Group group = new Group(7);
    PrivatePrompt prompt = Group.chat("What is beauty?");
    SealedPrompt sealed = group.seal(prompt, 9).request();
    List<PrivateTokens> answer =
        List.of(Group.tokens("Truth", 11), Group.tokens(", truth", 12, 13), Group.tokens("", 2));
    List<byte[]> chunks = group.sealAll(sealed, answer);

    byte[] data =
        ReferenceFormat.promptData(
            group.publicKey.keyId(), sealed.getRequestNonce().toByteArray(), Group.MODEL, 9, true);
    ReferenceFormat reference =
        new ReferenceFormat(
            2,
            secret,
            group.publicKey.publicKey(),
            sealed.getEncapsulated().toByteArray(),
            "cocoon sealed prompt v1".getBytes(US_ASCII));
    byte[] plaintext = reference.open(data, sealed.getCiphertext().toByteArray());
    assertEquals(256, plaintext.length);
    assertEquals(prompt, PrivatePrompt.parseFrom(plaintext).toBuilder().clearPadding().build());

    byte[] salt = Arrays.copyOfRange(chunks.getFirst(), 1, 33);
    byte[] transcript = ReferenceFormat.emptyTranscript(data);
    int tokens = 0;
    for (int i = 0; i < chunks.size(); i++) {
      byte[] opened = reference.openChunk(salt, i, tokens, transcript, chunks.get(i));
      assertEquals(0, opened.length % 32);
      assertEquals(
          answer.get(i), PrivateTokens.parseFrom(opened).toBuilder().clearPadding().build());
      transcript = ReferenceFormat.sha256(ReferenceFormat.cat(transcript, opened));
      tokens += answer.get(i).getIdsCount();
    }
    assertEquals(0x11, chunks.get(0)[0]);
    assertEquals(0x10, chunks.get(1)[0]);
    assertEquals(0x12, chunks.get(2)[0]);
  }

  @Test
  void theBytesAreThoseOfVersion1() {
    Group group = new Group(7);
    SealedPrompt sealed = group.seal(Group.chat("What is beauty?"), 9).request();
    List<byte[]> chunks =
        group.sealAll(sealed, List.of(Group.tokens("Truth", 11), Group.tokens("", 2)));
    assertEquals("6541938118a18534451d32985291b53f", sealed.getKeyId());
    assertEquals(
        "807fec4b4f4857a77b34e9904cebe641cfc75625cd14db3f7d2b6cee11a2768f",
        Digests.sha256Hex(sealed.toByteArray()));
    assertEquals(
        "1165e240a4e944b31d0705e6c8b71cf8bdfc97c696693058b22edd1479f195329736c88a896fa3b52799b4a7b14e6c64783ee240fd6c22bcaf1e655b078973d009c1ba766e4da7b9559d165e04a27401d5",
        HEX.formatHex(chunks.get(0)));
    assertEquals(
        "12a775024e14b0e38a43a587109e2cb791f7191462b217e9395c641cfc3254ac6534824bc49725ac363f36dea4752ab025",
        HEX.formatHex(chunks.get(1)));
  }
}
