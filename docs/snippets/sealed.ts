// Keeps one person's notes so that whoever stores them for it reads none: start it twice, with and without the passphrase.
import { createNode, Entity, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"

const [passphrase] = process.argv.slice(2)
await using node = await createNode({
  space: "mia's notes",
  store: "./sealed-data",
  entities: { note: Entity.make("note", { text: Entity.lww(Schema.String) }) },
  policy: personal({ trusted: [] }),
  transports: [],
  ...(passphrase === undefined ? {} : { spacePassphrase: passphrase })
})
const { state } = await node.seal()
console.log(`The space is ${state} here.`)
try {
  const id = await node.note.put({ text: "for my eyes only" })
  console.log(`${id.length} characters name the note, and its text is sealed.`)
} catch (error) {
  console.log(`Nothing was written: ${error instanceof Error ? error.message : String(error)}`)
}
