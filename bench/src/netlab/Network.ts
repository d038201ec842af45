/**
 * Two local networks behind real NAT and an internet between them, made of network namespaces on one Linux machine. All names carry
 * this process's id; nothing but these namespaces and the cables between them is touched, and `remove` takes all of it away. It
 * starts no program in them.
 */
import { execFileSync } from "node:child_process"

/** Where the relay machine is in the internet; documentation addresses would count as private ones. */
export const relayHost = "11.0.0.1"
/** Where a device with a public address is. */
export const publicHost = "11.0.0.20"
/** How long one command of the system may take, in milliseconds. */
const commandMsMax = 10_000

/** Machines of the laboratory. `relay` and `public` are in the internet, the others in a network behind NAT. */
export type Machine = "relay" | "public" | "a1" | "a2" | "b1"

interface Lan {
  readonly gateway: string
  readonly outside: string
  readonly net: string
  readonly machines: ReadonlyArray<Machine>
}

const lans: ReadonlyArray<Lan> = [
  { gateway: "gwa", outside: "11.0.0.11", net: "192.168.71", machines: ["a1", "a2"] },
  { gateway: "gwb", outside: "11.0.0.12", net: "192.168.72", machines: ["b1"] }
]

const run = (command: string, args: ReadonlyArray<string>, input = ""): void => {
  execFileSync(command, args, { input, stdio: ["pipe", "pipe", "pipe"], timeout: commandMsMax })
}

/** Whether this machine and this user can make such networks; the reason where they cannot. */
export const missing = (): string | undefined => {
  if (process.platform !== "linux") return "it needs Linux"
  if (process.getuid?.() !== 0) return "it needs root"
  for (const [command, option] of [
    ["ip", "-V"],
    ["nft", "--version"]
  ] as const) {
    try {
      run(command, [option])
    } catch {
      return `it needs the command ${command}`
    }
  }
  return undefined
}

export class Network {
  readonly #prefix = `sl${process.pid}`
  readonly #made: Array<string> = []
  #cables = 0

  /** Makes everything. What fails half-way is taken away by `remove`. */
  build(): void {
    const internet = this.#space("inet")
    this.#bridge(internet, undefined)
    this.#plug(internet, this.#space("relay"), `${relayHost}/24`)
    this.#plug(internet, this.#space("public"), `${publicHost}/24`)
    for (const { gateway, machines, net, outside } of lans) {
      const router = this.#space(gateway)
      this.#plug(internet, router, `${outside}/24`, "wan")
      this.#bridge(router, `${net}.1/24`)
      this.#translate(router)
      for (const [index, machine] of machines.entries()) {
        const space = this.#space(machine)
        this.#plug(router, space, `${net}.${11 + index}/24`)
        this.#ip(["-n", space, "route", "add", "default", "via", `${net}.1`])
      }
    }
  }

  /** What comes before a command so that it runs on a machine. */
  on(machine: Machine): ReadonlyArray<string> {
    return ["netns", "exec", this.#name(machine)]
  }

  /** Drops whatever a network sends to the internet and gets from there, or lets it through again. */
  cut(gateway: "gwa" | "gwb", isCut: boolean): void {
    const chain = "inet lab cut"
    const rules = isCut ? `add rule ${chain} iifname "wan" drop\nadd rule ${chain} oifname "wan" drop\n` : ""
    this.#nft(this.#name(gateway), `flush chain ${chain}\n${rules}`)
  }

  /** Drops what passes a gateway to a host of the internet and from there, or lets it through again. */
  bar(gateway: "gwa" | "gwb", host: string, isBarred: boolean): void {
    const chain = "inet lab cut"
    const rules = isBarred ? `add rule ${chain} ip daddr ${host} drop\nadd rule ${chain} ip saddr ${host} drop\n` : ""
    this.#nft(this.#name(gateway), `flush chain ${chain}\n${rules}`)
  }

  /** Takes the way to anywhere but its own network from a machine, as where there is no router. */
  isolate(machine: Machine): void {
    this.#ip(["-n", this.#name(machine), "route", "del", "default"])
  }

  /** Gives it back. */
  rejoin(machine: Machine): void {
    const lan = lans.find(({ machines }) => machines.includes(machine))
    this.#ip(["-n", this.#name(machine), "route", "add", "default", "via", `${lan?.net}.1`])
  }

  /** Takes everything away that was made; a namespace takes its cables with it. */
  remove(): void {
    for (const name of this.#made.splice(0).toReversed()) {
      try {
        this.#ip(["netns", "del", name])
      } catch (error) {
        console.error(`the namespace ${name} is still there: ${String(error)}`)
      }
    }
  }

  #name(machine: string): string {
    return `${this.#prefix}${machine}`
  }

  #ip(args: ReadonlyArray<string>): void {
    run("ip", args)
  }

  #nft(space: string, rules: string): void {
    run("ip", ["netns", "exec", space, "nft", "-f", "-"], rules)
  }

  #space(machine: string): string {
    const name = this.#name(machine)
    this.#ip(["netns", "add", name])
    this.#made.push(name)
    this.#ip(["-n", name, "link", "set", "lo", "up"])
    return name
  }

  #bridge(space: string, address: string | undefined): void {
    this.#ip(["-n", space, "link", "add", "lan", "type", "bridge"])
    // Otherwise a bridge keeps multicast for hosts that it believes to have asked for it, after a while.
    this.#ip(["-n", space, "link", "set", "lan", "type", "bridge", "mcast_snooping", "0"])
    if (address !== undefined) this.#ip(["-n", space, "address", "add", address, "dev", "lan"])
    this.#ip(["-n", space, "link", "set", "lan", "up"])
  }

  /** A cable from a machine to the bridge of another. Made inside its namespace: the machine's own never sees it. */
  #plug(bridge: string, space: string, address: string, device = "eth0"): void {
    const end = `port${this.#cables++}`
    this.#ip(["-n", space, "link", "add", device, "type", "veth", "peer", "name", end, "netns", bridge])
    this.#ip(["-n", bridge, "link", "set", end, "master", "lan"])
    this.#ip(["-n", bridge, "link", "set", end, "up"])
    this.#ip(["-n", space, "address", "add", address, "dev", device])
    this.#ip(["-n", space, "link", "set", device, "up"])
  }

  /** What a router at home does: its own address outside, and nobody comes in who was not asked. */
  #translate(router: string): void {
    run("ip", ["netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
    this.#nft(
      router,
      `table ip nat {
        chain leaving { type nat hook postrouting priority 100; oifname "wan" masquerade; }
      }
      table inet lab {
        chain cut { }
        chain passing {
          type filter hook forward priority 0; policy drop;
          jump cut
          ct state established,related accept
          iifname "lan" oifname "wan" accept
          # Where the kernel shows what a bridge passes on to these rules, too.
          iifname "lan" oifname "lan" accept
        }
      }
      `
    )
  }
}
