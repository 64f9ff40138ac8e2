import Box from "@cloudscape-design/components/box";
import { imageAddress, shortDigest, shortRepository } from "./addresses";
import { PageLink } from "./follow";

/** An image by the end of its repository's name, with its digest in short below. */
export function ImageName({ repository, digest }: { repository: string; digest: string }) {
  return (
    <>
      <PageLink href={imageAddress(digest)}>{shortRepository(repository)}</PageLink>
      <Box variant="small" display="block">
        {shortDigest(digest)}
      </Box>
    </>
  );
}
