// Two devices of one person that come to trust each other by a code: `pairing.ts <hub> new`, or `pairing.ts <hub> <code>`;
// with `nearby` for the hub directly, in one network.
import { Entity, Schema } from "@syncline/node"
import { createOrchestratorWithPairing } from "@syncline/node/pairing"
import { personal } from "@syncline/policy"
import { libp2p } from "@syncline/transport-libp2p"
import { socketIo } from "@syncline/transport-socketio"

const [hub = "", code = "new"] = process.argv.slice(2)
const name = code === "new" ? "laptop" : "phone"

await using device = await createOrchestratorWithPairing({
  space: "home",
  store: `./${name}-data`,
  entities: { task: Entity.make("task", { title: Entity.lww(Schema.String) }) },
  policy: (trusted) => personal({ trusted }),
  transports: [socketIo()],
  name,
  meeting: hub === "nearby" ? { direct: libp2p({ pairing: true }) } : { transport: socketIo(), address: `${hub}/pair` },
  // A program for people compares the number on both screens before it says yes; this one only shows it.
  onRequest: ({ checkNumber, name, platform }) => {
    console.log(`${name} (${platform}) wants to join, check number ${checkNumber}`)
    return true
  }
})

if (code === "new") {
  const { digits, paired } = await device.pairing.generateSyncCode()
  console.log(`code ${digits}`)
  console.log(`trusts ${(await paired).name}`)
} else {
  const onCheckNumber = (number: string) => console.log(`check number ${number}`)
  const verdict = await device.pairing.verifySyncCode(code, { onCheckNumber })
  console.log(verdict.isVerified ? `trusts ${verdict.name}` : verdict.message)
}
