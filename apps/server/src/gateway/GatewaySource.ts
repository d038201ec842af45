/** Networks from which gateways may be called. Only addresses count; what a caller says of itself does not. */
import { BlockList, isIP } from "node:net"

/** True for an address or a network as the settings name it, e.g. `10.0.0.0/8`. */
export const isGiven = (value: unknown): value is string => typeof value === "string" && networkOf(value) !== undefined

/** A question whether an address is in one of the networks; always yes where there is none. */
export const allowing = (networks: ReadonlyArray<string>): ((address: string) => boolean) => {
  if (networks.length === 0) return () => true
  const list = new BlockList()
  for (const text of networks) {
    const { address, bits, family } = networkOf(text)!
    list.addSubnet(address, bits, family)
  }
  return (address) => {
    const bare = bareOf(address)
    const version = isIP(bare)
    return version !== 0 && list.check(bare, version === 4 ? "ipv4" : "ipv6")
  }
}

interface Network {
  readonly address: string
  readonly bits: number
  readonly family: "ipv4" | "ipv6"
}

const networkOf = (text: string): Network | undefined => {
  const [address = "", bits] = text.split("/", 2)
  const version = isIP(address)
  if (version === 0 || text.split("/").length > 2) return undefined
  const most = version === 4 ? 32 : 128
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most)) return undefined
  return { address, bits: bits === undefined ? most : Number(bits), family: version === 4 ? "ipv4" : "ipv6" }
}

/** Without its zone, and of IPv4 written as IPv6 the former. */
const bareOf = (address: string): string => {
  const bare = address.split("%", 1)[0]!
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare
}
