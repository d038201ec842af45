/** An address at which there is no screen. */
import { Container } from "@mantine/core"
import { Empty } from "../elements/Loaded.tsx"
import { AnchorLink } from "../elements/links.tsx"

export const NotThere = () => (
  <Container py="xl">
    <Empty title="There is no such page" action={<AnchorLink to="/">To the overview</AnchorLink>}>
      The address may be of another version, or mistyped.
    </Empty>
  </Container>
)
