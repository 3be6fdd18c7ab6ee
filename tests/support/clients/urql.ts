import { cacheExchange, Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { CampaignPageDocument, SubmitEntryDocument } from '../../../gateway-config/operations/fan';
import { type Fan, idOf, type Registered } from './fan';

/** Reads a campaign's page, registers for all its markets, and reads her entry, with urql. Its queries go by GET. */
export async function register({ endpoint, token, slug }: Fan): Promise<Registered> {
  const client = new Client({
    url: endpoint,
    preferGetMethod: 'force',
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    exchanges: [
      cacheExchange,
      persistedExchange({
        enforcePersistedQueries: true,
        enableForMutation: true,
        generateHash: async (_text, document) => idOf(document),
      }),
      fetchExchange,
    ],
  });
  const page = await client.query(CampaignPageDocument, { slug });
  const campaign = page.data?.campaign;
  if (!campaign) throw page.error ?? new Error('there is no such campaign');
  const preferences = campaign.markets.map(({ id }) => ({ marketId: id }));
  const { data, error } = await client.mutation(SubmitEntryDocument, { input: { campaignId: campaign.id, preferences } });
  if (data?.submitEntry.__typename !== 'EntrySubmitted') throw error ?? new Error(`answered ${data?.submitEntry.__typename}`);
  const after = await client.query(CampaignPageDocument, { slug }, { requestPolicy: 'network-only' });
  const { id, state } = after.data!.campaign!.viewerEntry!;
  if (id !== data.submitEntry.entry.id) throw new Error(`the page has another entry, ${id}`);
  return { title: campaign.content.title, entry: id, state };
}
