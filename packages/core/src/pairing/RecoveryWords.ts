/**
 * A device's key as 24 words on paper: the BIP 39 form of its 32 bytes with a checksum of 8 bits, so that one wrong word is
 * noticed in 255 of 256 cases. What a key on paper may do is not said here: it is a device like any other.
 */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39"
import { wordlist } from "@scure/bip39/wordlists/english.js"

export const recoveryWordCount = 24

/** The words of 32 bytes, with one space between two. */
export const toWords = (seed: Uint8Array): string => entropyToMnemonic(seed, wordlist)

/** The bytes of words as a person typed them, or what is wrong with them. The answer repeats no word that is right. */
export const fromWords = (text: string): Uint8Array | string => {
  const words = text
    .normalize("NFKD")
    .toLowerCase()
    .trim()
    .split(/[\s,.;]+/)
  const unknown = words.findIndex((word) => !wordlist.includes(word))
  if (unknown >= 0 && words[unknown] !== "") return `word ${unknown + 1} is none of the list`
  if (words.length !== recoveryWordCount) {
    return `a recovery key has ${recoveryWordCount} words, not ${words[0] === "" ? 0 : words.length}`
  }
  try {
    return mnemonicToEntropy(words.join(" "), wordlist)
  } catch {
    return "the words are of the list, but not these or not in this order"
  }
}
