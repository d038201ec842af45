/** A screen that failed: a mistake in the pages, or an old page with a new hub. Everything else goes on. */
import { Container } from "@mantine/core"
import type { ErrorComponentProps } from "@tanstack/react-router"
import { Failed } from "../elements/Loaded.tsx"

export const Broken = ({ error }: ErrorComponentProps) => (
  <Container py="xl">
    <Failed error={error instanceof Error ? error : new Error(String(error))} onTry={() => window.location.reload()} />
  </Container>
)
