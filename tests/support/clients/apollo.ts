import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { CampaignPageDocument, SubmitEntryDocument } from '../../../gateway-config/operations/fan';
import { type Fan, idOf, type Registered } from './fan';

/** Reads a campaign's page, registers for all its markets, and reads her entry, with Apollo Client. */
export async function register({ endpoint, token, slug }: Fan): Promise<Registered> {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      new PersistedQueryLink({ generateHash: idOf }),
      new HttpLink({ uri: endpoint, headers: { authorization: `Bearer ${token}` } }),
    ]),
  });
  const page = await client.query({ query: CampaignPageDocument, variables: { slug } });
  const campaign = page.data?.campaign;
  if (!campaign) throw new Error('there is no such campaign');
  const preferences = campaign.markets.map(({ id }) => ({ marketId: id }));
  const { data } = await client.mutate({
    mutation: SubmitEntryDocument,
    variables: { input: { campaignId: campaign.id, preferences } },
  });
  if (data?.submitEntry.__typename !== 'EntrySubmitted') throw new Error(`answered ${data?.submitEntry.__typename}`);
  const after = await client.query({ query: CampaignPageDocument, variables: { slug }, fetchPolicy: 'network-only' });
  const { id, state } = after.data!.campaign!.viewerEntry!;
  if (id !== data.submitEntry.entry.id) throw new Error(`the page has another entry, ${id}`);
  return { title: campaign.content.title, entry: id, state };
}
