/** What a hub's REST interface says of a whole space that was taken in. The file's own format is the node's. */
import { Schema } from "effect"

export const Imported = Schema.Struct({
  records: Schema.Int,
  /** SHA-256 over all of them, in hexadecimal: that of the export, found again. */
  stateHash: Schema.String
})
